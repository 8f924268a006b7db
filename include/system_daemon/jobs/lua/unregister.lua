-- Removes what a consumer without jobs left: it stopped, or it died.
--
-- KEYS[1] system_daemon:consumer:<consumer>:<q>     hash, the consumer's session; expires
-- KEYS[2] system_daemon:processing:<consumer>:<q>   hash, token to payload
-- KEYS[3] system_daemon:consumers:<q>               set, consumers that may hold jobs
-- KEYS[4] workers                                   set, workers
-- KEYS[5] worker:<w>    KEYS[6] worker:<w>:started    KEYS[7] stat:processed:<w>
-- KEYS[8] stat:failed:<w>                           strings
-- ARGV[1] consumer    ARGV[2] worker    ARGV[3] 'stopped', or 'dead': then only without a session
-- Returns 1, or 0 when it lives or has jobs
if ARGV[3] == 'stopped' then
  redis.call('DEL', KEYS[1])
end
if redis.call('EXISTS', KEYS[1], KEYS[2]) > 0 then
  return 0
end
redis.call('SREM', KEYS[3], ARGV[1])
redis.call('SREM', KEYS[4], ARGV[2])
redis.call('DEL', KEYS[5], KEYS[6], KEYS[7], KEYS[8])
return 1
