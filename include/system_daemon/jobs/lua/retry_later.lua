-- Writes the next attempt into the payload of a job of this consumer.
--
-- KEYS[1] system_daemon:processing:<consumer>:<q>   hash, token to payload
-- ARGV[1] token    ARGV[2] the payload so far    ARGV[3] the payload from now on
-- Returns 1, or 0 when the job is not its own any more
local payload = redis.call('HGET', KEYS[1], ARGV[1])
if payload == ARGV[2] then
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
  return 1
end
return payload == ARGV[3] and 1 or 0
