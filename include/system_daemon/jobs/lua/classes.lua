-- Which classes of jobs stand at the head of a queue.
--
-- KEYS[1] queue:<q>   list, payloads
-- ARGV[1] how many payloads to look at
-- Returns each class once, as it stands between the quotes
local found, seen = {}, {}
for _, payload in ipairs(redis.call('LRANGE', KEYS[1], 0, ARGV[1] - 1)) do
  local class = class_of(payload)
  if class and not seen[class] then
    seen[class] = true
    found[#found + 1] = class
  end
end
return found
