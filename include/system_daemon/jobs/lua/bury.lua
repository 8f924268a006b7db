-- Moves a job of this consumer to the failed list.
--
-- KEYS[1] system_daemon:processing:<consumer>:<q>   hash, token to payload
-- KEYS[2] system_daemon:consumer:<consumer>:<q>     hash, the consumer's session; expires
-- KEYS[3] worker:<w>                                string, its current job
-- KEYS[4] failed                                    list, failure items
-- KEYS[5] stat:processed    KEYS[6] stat:processed:<w>   strings, integers
-- KEYS[7] stat:failed       KEYS[8] stat:failed:<w>      strings, integers
-- KEYS[9] job:<id>:status                           string; not given for a payload without an id
-- ARGV[1] step    ARGV[2] seconds since the epoch    ARGV[3] token    ARGV[4] the failure item
-- Returns 0 not its own any more, 1 buried, 2 buried and it had a status
local before = answered(KEYS[2], ARGV[1])
if before then
  return before
end
if redis.call('HDEL', KEYS[1], ARGV[3]) == 0 then
  return answer(KEYS[2], ARGV[1], '0')
end
redis.call('RPUSH', KEYS[4], ARGV[4])
for index = 5, 8 do
  redis.call('INCR', KEYS[index])
end
if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('DEL', KEYS[3])
end
local known = KEYS[9] and set_status(KEYS[9], '3', ARGV[2])
return answer(KEYS[2], ARGV[1], known and '2' or '1')
