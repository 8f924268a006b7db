-- Says that a consumer lives, and registers it as a worker.
--
-- KEYS[1] system_daemon:consumer:<consumer>:<q>   hash, the consumer's session; expires
-- KEYS[2] system_daemon:consumers:<q>             set, consumers that may hold jobs
-- KEYS[3] workers                                 set, workers
-- KEYS[4] worker:<w>:started                      string, a date
-- ARGV[1] its last claim that was answered    ARGV[2] seconds to live    ARGV[3] consumer
-- ARGV[4] worker    ARGV[5] the date
may_grow(KEYS[1])
if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('HSET', KEYS[1], 'claim', ARGV[1])
end
redis.call('EXPIRE', KEYS[1], ARGV[2])
redis.call('SADD', KEYS[2], ARGV[3])
redis.call('SADD', KEYS[3], ARGV[4])
redis.call('SETNX', KEYS[4], ARGV[5])
