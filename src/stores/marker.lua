local k=redis.pcall('GET',KEYS[1])
local t=redis.call('TIME')
local e=string.format('%.0f',math.max(t[1]*1000000+t[2],(type(k)=='string' and tonumber(k) or 0)+1,ARGV[1]+1))
redis.pcall('SET',KEYS[1],e)
redis.call('PUBLISH',KEYS[1],e..' '..ARGV[2])
return e
