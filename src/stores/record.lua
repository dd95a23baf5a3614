-- The record rule, in one atomic step: fold, take the next id, push, trim, expire, announce. Every publisher runs this
-- script. runs/record.ts says the same for the store in memory. See there for the words.
--
-- KEYS[1]  where the newest epoch is kept
-- KEYS[2…] the history of each update's run; also the channel on which its events are announced
-- ARGV[1…4] history limit, expiry of a run and of a finished run in ms, terminal states as ',"END","FAILED",'
-- then nine for each update: run_id, source, n, state, progress, log, data, idempotency key (JSON text, '' where absent),
-- and '1' where the element is wanted
--
-- Returns {refusal, outcome…}. An outcome is 1 or the element: recorded; 0, or {the first one's element}: a repeat; -1: an
-- epoch older than the remembered ones; any other text: why Redis refuses this run. `refusal` ('' for none) is why Redis
-- refuses writes: the update that has no outcome, and all after it, were not recorded.
local REMEMBERED = 8
local limit, ttl, finished_ttl, terminal = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4]
local time = redis.call('TIME')
local ts = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
local clock = time[1] * 1000000 + time[2]
local newest

local function newest_epoch()
  if not newest then
    local kept = redis.pcall('GET', KEYS[1])
    newest = type(kept) == 'string' and tonumber(kept) or 0
  end
  return newest
end

-- What the last element says, read as text: numbers and data never pass through a JSON decoder.
local function read(element, prefix)
  if string.sub(element, 1, #prefix) ~= prefix then return end
  local id, state, progress = string.match(element, '^(%d+),"ts":%d+,"state":(.-),"progress":([^,]+),"message":', #prefix + 1)
  local started, s, p, d, epochs, sources, rest = string.match(element,
    '^.*,"record":{"started":(%d+),"set":"(%d+) (%d+) (%d+)","epochs":"([^"]*)","sources":"([^"]*)"(.*)}}$')
  if not id or not started or not (rest == '' or string.find(rest, '^,"key":".*"$')) then return end
  return {id = tonumber(id), state = state, progress = progress, started = started,
    set_state = tonumber(s), set_progress = tonumber(p), set_data = tonumber(d), epochs = epochs, sources = sources}
end

-- The list 'source=n source=n' with the name put in, or nil and the outcome when it is one that was recorded.
local function remember(list, source, n, by_age)
  local head = source .. '='
  if string.sub(list, 1, #head) == head then
    local seen, rest = string.match(list, '^(%d+)(.*)$', #head + 1)
    if tonumber(n) <= tonumber(seen) then return nil, 0 end
    return head .. n .. rest
  end
  local others, place = {}, not by_age and 1 or nil
  for other, seen in string.gmatch(list, '(%S+)=(%d+)') do
    if other == source then
      if tonumber(n) <= tonumber(seen) then return nil, 0 end
    else
      if not place and tonumber(other) < tonumber(source) then place = #others + 1 end
      others[#others + 1] = other .. '=' .. seen
    end
  end
  place = place or #others + 1
  if place > REMEMBERED then return nil, -1 end
  table.insert(others, place, head .. n)
  others[REMEMBERED + 1] = nil
  return table.concat(others, ' ')
end

-- The elements of a history that bear an idempotency key, by it. Read once a call, and only for an update that bears one.
local bearers = {}
local function bearers_in(history)
  if bearers[history] then return bearers[history] end
  local found = {}
  for _, element in ipairs(redis.call('LRANGE', history, 0, -1)) do
    -- A match within `data` holds the quotes of what follows it, and a key's own are escaped: it equals none.
    local bears = string.match(element, '^.*","key":(".*")}}$')
    if bears and not found[bears] then found[bears] = element end
  end
  bearers[history] = found
  return found
end

local outcomes = {''}
for i = 2, #KEYS do
  local key, at = KEYS[i], 5 + (i - 2) * 9
  local run, source, n, state, progress, log, data, bears, wanted = unpack(ARGV, at, at + 8)
  local prefix = '{"type":"progress","run_id":' .. run .. ',"id":'
  local before, outcome
  local last = redis.pcall('LINDEX', key, -1)
  if type(last) == 'table' then
    -- The key is something else than a list. Everything else that is wrong is wrong for every run.
    if string.sub(last.err, 1, 9) ~= 'WRONGTYPE' then outcomes[1] = last.err; return outcomes end
    outcome = last.err
  else
    while last do
      before = read(last, prefix)
      if before then break end
      -- Not ours, or torn: it can't be followed, so it goes.
      local popped = redis.pcall('RPOP', key)
      if type(popped) == 'table' then outcomes[1] = popped.err; return outcomes end
      last = redis.call('LINDEX', key, -1)
    end
    before = before or {id = clock - 1, state = 'null', progress = 'null', started = ts,
      set_state = 0, set_progress = 0, set_data = 0, epochs = '', sources = ''}
    local raw = string.find(source, '^%d+$')
    local epochs, sources = before.epochs, before.sources
    local first = bears ~= '' and bearers_in(key)[bears]
    if first then outcome = wanted == '1' and {first} or 0
    elseif raw then epochs, outcome = remember(epochs, source, n, true)
    else sources, outcome = remember(sources, source, n, false) end
    if not outcome then
      local epoch = raw and tonumber(source)
        or math.max(newest_epoch(), before.set_state, before.set_progress, before.set_data)
      local set_state, set_progress, set_data = before.set_state, before.set_progress, before.set_data
      local folded_state, folded_progress, with_data = before.state, before.progress, ''
      if state ~= '' and epoch >= set_state then folded_state, set_state = state, epoch end
      if progress ~= '' and epoch >= set_progress then folded_progress, set_progress = progress, epoch end
      if data ~= '' and epoch >= set_data then with_data, set_data = ',"data":' .. data, epoch end
      local done = string.find(terminal, ',' .. folded_state .. ',', 1, true)
      local element = prefix .. string.format('%.0f', before.id + 1) .. ',"ts":' .. ts
        .. ',"state":' .. folded_state .. ',"progress":' .. folded_progress
        .. ',"message":' .. (log == '' and '""' or log) .. with_data .. (done and ',"done":true' or '')
        .. string.format(',"record":{"started":%s,"set":"%.0f %.0f %.0f","epochs":"%s","sources":"%s"%s}}',
          before.started, set_state, set_progress, set_data, epochs, sources, bears == '' and '' or ',"key":' .. bears)
      local length = redis.pcall('RPUSH', key, element)
      if type(length) == 'table' then outcomes[1] = length.err; return outcomes end
      if length > limit then redis.call('LTRIM', key, -limit, -1) end
      redis.call('PEXPIRE', key, done and finished_ttl or ttl)
      redis.call('PUBLISH', key, element)
      if bears ~= '' then bearers[key][bears] = element end
      outcome = wanted == '1' and element or 1
    end
  end
  outcomes[i] = outcome
end
return outcomes
