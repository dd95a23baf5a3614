local k=tonumber(redis.pcall('GET',KEYS[1])) or 0
if not(k<4e15) then k=0 end
local t=redis.call('TIME')
local e=string.format('%.0f',math.max(t[1]*1000000+t[2],k+1,ARGV[1]+1))
local s=redis.pcall('SET',KEYS[1],e)
if s.err and s.err:find('READONLY') then return s end
redis.call('PUBLISH',ARGV[3]..KEYS[1],e..' '..ARGV[2])
return e
