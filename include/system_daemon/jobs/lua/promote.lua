-- Moves a job of this consumer to where a DAG run finds it.
--
-- KEYS[1] system_daemon:processing:<consumer>:<q>   hash, token to payload
-- KEYS[2] system_daemon:consumer:<consumer>:<q>     hash, the consumer's session; expires
-- KEYS[3] worker:<w>                                string, its current job
-- KEYS[4] system_daemon:promoted:<q>                hash, id to payload
-- ARGV[1] step    ARGV[2] token    ARGV[3] id    ARGV[4] payload
-- Returns 0 not its own any more, 1 promoted, 2 another job with this id is there
local before = answered(KEYS[2], ARGV[1])
if before then
  return before
end
may_grow(KEYS[1])
local reply = '0'
if redis.call('HEXISTS', KEYS[1], ARGV[2]) == 1 then
  if redis.call('HSETNX', KEYS[4], ARGV[3], ARGV[4]) == 1 then
    redis.call('HDEL', KEYS[1], ARGV[2])
    reply = '1'
  else
    reply = '2'
  end
end
if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('DEL', KEYS[3])
end
return answer(KEYS[2], ARGV[1], reply)
