-- Ends jobs that succeeded, of those the ones that are still this consumer's.
--
-- KEYS[1] system_daemon:processing:<consumer>:<q>   hash, token to payload
-- KEYS[2] system_daemon:consumer:<consumer>:<q>     hash, the consumer's session; expires
-- KEYS[3] worker:<w>                                string, its current job
-- KEYS[4] stat:processed    KEYS[5] stat:processed:<w>   strings, integers
-- KEYS[6] ... job:<id>:status of each job, then of each job to look at again   strings
-- ARGV[1] step    ARGV[2] seconds since the epoch    ARGV[3] n, how many jobs
-- ARGV[4] the packet for KEYS[3], or '' to leave it    ARGV[5] the token of the job it shows
-- ARGV[6] n tokens of 32 characters    ARGV[7] the codes of the jobs to look at again, one each
-- Returns a character per job: 0 not its own any more, 1 ended, 2 ended and it had a status
local before = answered(KEYS[2], ARGV[1])
if before then
  return before
end
may_grow(KEYS[1])
local n, reply, ended = tonumber(ARGV[3]), {}, 0
for index = 1, n do
  if redis.call('HDEL', KEYS[1], token_at(ARGV[6], index)) == 0 then
    reply[index] = '0'
  else
    ended = ended + 1
    reply[index] = set_status(KEYS[5 + index], '4', ARGV[2]) and '2' or '1'
  end
end
-- The producer sets the status after it pushed the job: it may have come when all was over.
for index = 6 + n, #KEYS do
  local packet = redis.call('GET', KEYS[index])
  if packet and string.find(packet, '"status":1[,}]') then
    set_status(KEYS[index], string.sub(ARGV[7], index - 5 - n, index - 5 - n), ARGV[2])
  end
end
if ended > 0 then
  redis.call('INCRBY', KEYS[4], ended)
  redis.call('INCRBY', KEYS[5], ended)
end
if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('DEL', KEYS[3])
elseif ARGV[4] ~= '' and redis.call('HEXISTS', KEYS[1], ARGV[5]) == 1 then
  redis.call('SET', KEYS[3], ARGV[4])
end
return answer(KEYS[2], ARGV[1], table.concat(reply))
