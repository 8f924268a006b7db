-- Gives the right to reap back, if it is still this reaper's.
--
-- KEYS[1] system_daemon:reaper:<q>   string, who reaps; expires
-- ARGV[1] the reaper
if redis.call('GET', KEYS[1]) == ARGV[1] then
  redis.call('DEL', KEYS[1])
end
