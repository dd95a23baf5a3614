-- The record rule, for a batch, in one atomic step: fold, take the next id, push, trim, expire, announce. Every publisher
-- runs this script. runs/record.ts says the same for the store in memory. See there for the words.
--
-- KEYS[1]  where the newest epoch is kept
-- KEYS[2…] histories; each is also the channel on which its run's events are announced
-- ARGV[1…4] history limit, expiry of a run and of a finished run in ms, terminal states as ',"END","FAILED",'
-- ARGV[5…] updates, each as lines: the place of its history in KEYS, run_id, source, n, state, progress, log, data,
--          idempotency key (JSON text, which has no line ends; empty where absent), and '1' where the entry is wanted
--
-- An announcement is one or more entries, a line each: what a batch brings for one run goes out together.
--
-- Returns {refusal, outcome…}. An outcome is 1 or the entry: recorded; 0: a repeat of a name; {the first one's entry}:
-- a repeat of a key; -1: an epoch older than the remembered ones; -2: not recorded, because Redis refuses writes, and
-- `refusal` ('' for none) says why; any other text: not recorded, because Redis refuses this run alone.
local MOST_SOURCES, MOST_EPOCHS = 8, 32
local limit, ttl, finished_ttl, terminal = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4]
local time = redis.call('TIME')
local ts = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
local clock = time[1] * 1000000 + time[2]
local newest

local function newest_epoch()
  if not newest then
    local kept = redis.pcall('GET', KEYS[1])
    newest = type(kept) == 'string' and tonumber(kept) or 0
    -- Not one of ours (marker.lua): nothing could ever be newer.
    if not (newest < 4e15) then newest = 0 end
  end
  return newest
end

-- Takes over what the last entry says, as text: numbers and data never pass through a JSON decoder.
local function read(run, entry)
  local prefix = run.prefix
  if string.sub(entry, 1, #prefix) ~= prefix then return false end
  local id, state, progress = string.match(entry, '^(%d+),"ts":%d+,"state":(.-),"progress":([^,]+),"message":', #prefix + 1)
  local started, of_state, of_progress, of_data, epochs, sources, rest = string.match(entry,
    '^.*,"record":{"started":(%d+),"set":"(%d+) (%d+) (%d+)","epochs":"([^"]*)","sources":"([^"]*)"(.*)}}$')
  if not id or not started or not (rest == '' or string.find(rest, '^,"key":".*"$')) then return false end
  run.id, run.state, run.progress, run.started, run.epochs, run.sources = tonumber(id), state, progress, started, epochs, sources
  run.of_state, run.of_progress, run.of_data = tonumber(of_state), tonumber(of_progress), tonumber(of_data)
  return true
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
  local most = by_age and MOST_EPOCHS or MOST_SOURCES
  if place > most then return nil, -1 end
  table.insert(others, place, head .. n)
  others[most + 1] = nil
  return table.concat(others, ' ')
end

-- A run's values; its array part is what this batch adds to the history. Nothing is written before all is decided.
local function open_run(key, run_id)
  local run = {key = key, prefix = '{"type":"progress","run_id":' .. run_id .. ',"id":', id = clock - 1, state = 'null',
    progress = 'null', started = string.format('%.0f', clock), of_state = 0, of_progress = 0, of_data = 0, epochs = '', sources = ''}
  local last = redis.pcall('LINDEX', key, -1)
  while type(last) == 'string' and not read(run, last) do
    -- Not ours, or torn: it can't be followed, so it goes.
    last = redis.pcall('RPOP', key)
    if type(last) == 'string' then last = redis.pcall('LINDEX', key, -1) end
  end
  if type(last) == 'table' then run.fault = last.err end
  return run
end

-- The first entry of a run that bears an idempotency key. The history is read once, and only for such an update.
local function bearer(run, key)
  if not run.bearers then
    run.bearers = {}
    for _, entry in ipairs(redis.call('LRANGE', run.key, 0, -1)) do
      -- A match within `data` holds bare quotes, and a key's own are escaped: it equals none.
      local borne = string.match(entry, '^.*","key":(".*")}}$')
      if borne and not run.bearers[borne] then run.bearers[borne] = entry end
    end
  end
  return run.bearers[key]
end

-- The entry that follows, or nil and the outcome.
local function fold(run, source, n, state, progress, log, data, key)
  local first = key ~= '' and bearer(run, key)
  if first then return nil, {first} end
  local raw = string.find(source, '^%d+$')
  local list, outcome = remember(raw and run.epochs or run.sources, source, n, raw)
  if not list then return nil, outcome end
  if raw then run.epochs = list else run.sources = list end
  local epoch = raw and tonumber(source) or math.max(newest_epoch(), run.of_state, run.of_progress, run.of_data)
  local with_data = ''
  if state ~= '' and epoch >= run.of_state then run.state, run.of_state = state, epoch end
  if progress ~= '' and epoch >= run.of_progress then run.progress, run.of_progress = progress, epoch end
  if data ~= '' and epoch >= run.of_data then with_data, run.of_data = ',"data":' .. data, epoch end
  run.id = run.id + 1
  run.done = string.find(terminal, ',' .. run.state .. ',', 1, true)
  local entry = run.prefix .. string.format('%.0f', run.id) .. ',"ts":' .. ts .. ',"state":' .. run.state .. ',"progress":'
    .. run.progress .. ',"message":' .. (log == '' and '""' or log) .. with_data .. (run.done and ',"done":true' or '')
    .. string.format(',"record":{"started":%s,"set":"%.0f %.0f %.0f","epochs":"%s","sources":"%s"%s}}',
      run.started, run.of_state, run.of_progress, run.of_data, run.epochs, run.sources, key == '' and '' or ',"key":' .. key)
  if key ~= '' then run.bearers[key] = entry end
  return entry
end

local outcomes, runs, order, adds = {''}, {}, {}, {}
for i = 5, #ARGV do
  local place, run_id, source, n, state, progress, log, data, key, wanted = string.match(ARGV[i],
    '^(%d+)\n([^\n]*)\n([^\n]*)\n(%d+)\n([^\n]*)\n([^\n]*)\n([^\n]*)\n([^\n]*)\n([^\n]*)\n(.*)$')
  local run = runs[place]
  if not run then
    run = open_run(KEYS[tonumber(place)], run_id)
    runs[place], order[#order + 1] = run, run
  end
  -- A key of another type is this run's own fault; all else that can be wrong is wrong for every run.
  if run.fault and string.sub(run.fault, 1, 9) ~= 'WRONGTYPE' then return {run.fault} end
  local entry, outcome
  if run.fault then outcome = run.fault else entry, outcome = fold(run, source, n, state, progress, log, data, key) end
  if entry then
    run[#run + 1] = entry
    outcome = wanted == '1' and entry or 1
  end
  -- A repeat in the batch of its first one stands or falls with it.
  if entry or key ~= '' and run[1] then adds[i - 3] = run end
  outcomes[i - 3] = outcome
end

for _, run in ipairs(order) do
  if run[1] then
    local length = redis.pcall('RPUSH', run.key, unpack(run))
    if type(length) == 'table' then
      outcomes[1] = length.err
      break
    end
    run.pushed = true
    if length > limit then redis.call('LTRIM', run.key, -limit, -1) end
    redis.call('PEXPIRE', run.key, run.done and finished_ttl or ttl)
    redis.call('PUBLISH', run.key, table.concat(run, '\n'))
  end
end
if outcomes[1] ~= '' then
  for place, run in pairs(adds) do
    if not run.pushed then outcomes[place] = -2 end
  end
end
return outcomes
