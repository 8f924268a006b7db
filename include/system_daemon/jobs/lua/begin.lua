-- Says of jobs just claimed that they run.
--
-- KEYS[1] system_daemon:processing:<consumer>:<q>   hash, token to payload
-- KEYS[2] worker:<w>                                string, its current job
-- KEYS[3] ... job:<id>:status of each job           string, only if the producer asked
-- ARGV[1] seconds since the epoch
-- ARGV[2] the packet for KEYS[2], or '' to leave it    ARGV[3] the token of the job it shows
-- ARGV[4] the jobs' tokens, 32 characters each
-- Returns a digit for each job: 1, or 0 when it is not its own any more
may_grow(KEYS[1])
if ARGV[2] ~= '' and redis.call('HEXISTS', KEYS[1], ARGV[3]) == 1 then
  redis.call('SET', KEYS[2], ARGV[2])
end
local own = {}
for index = 3, #KEYS do
  local is_own = redis.call('HEXISTS', KEYS[1], token_at(ARGV[4], index - 2))
  own[index - 2] = is_own
  if is_own == 1 and redis.call('EXISTS', KEYS[index]) == 1 then
    set_status(KEYS[index], '2', ARGV[1])
  end
end
return table.concat(own)
