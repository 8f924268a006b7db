-- What waits in a queue, without taking anything.
--
-- KEYS[1] queue:<q>                     list, payloads
-- KEYS[2] system_daemon:consumers:<q>   set, consumers that may hold jobs
-- KEYS[3] pause-all-workers             string, "true" while nobody may take a job
-- ARGV[1] what the consumers' sessions' keys begin with: system_daemon:consumer:
-- ARGV[2] the same of their jobs: system_daemon:processing:    ARGV[3] the queue's name
-- Returns {depth, jobs of dead consumers, dead consumers, KEYS[3] or ''}
local orphans, dead = 0, 0
for _, consumer in ipairs(redis.call('SMEMBERS', KEYS[2])) do
  local name = consumer .. ':' .. ARGV[3]
  if redis.call('EXISTS', ARGV[1] .. name) == 0 then
    dead = dead + 1
    orphans = orphans + redis.call('HLEN', ARGV[2] .. name)
  end
end
return {redis.call('LLEN', KEYS[1]), orphans, dead, redis.call('GET', KEYS[3]) or ''}
