-- The record rule, for a batch, in one atomic step: fold, take the next id, push, trim, expire, announce. Every publisher
-- runs this script. All is decided before the first write, and after it nothing can fail.
--
-- KEYS      histories
-- ARGV[1]   settings, a line 'name=value' each: history_limit; ttl_ms and finished_ttl_ms, a run's expiry; terminal_states, as
--           ',"END","FAILED",'; channel_prefix: with its key behind it the channel on which a run is announced;
--           publish: the command that does it, PUBLISH, or SPUBLISH in a cluster
-- ARGV[2…]  updates, a line 'name=value' each: history (its place in KEYS), run_id, source, n; and where given state, progress,
--           current, total, advance, attempt, log, data and key (an idempotency key). All but numbers and the source are JSON.
--           want_event=1: the outcome brings the event. silence_ms: a sign of life, a repeat where the run was heard so lately.
--
-- An entry is the event's JSON with a last member, "record". That of the last entry is long: the epochs and sources that
-- the run remembers (' source=n source=n': the highest n of each), and the epochs that set its state, its progress and its
-- data. In all others, and in announcements, it says when the run began, and the key if there is one. An announcement is
-- one or more entries, a line each: what a batch brings for one run goes out together.
--
-- Returns {refusal, outcome…}. `refusal` is '' or says why nothing at all was recorded; then there are no outcomes. An outcome
-- is 'recorded' or {'recorded', event}; 'repeat' of a name, {'repeat', event} of a key, with the first one's event; 'stale', of an
-- epoch older than the remembered ones; 'superseded' by a higher attempt; {'rejected', reason}: Redis refuses this run alone.
local MOST_SOURCES, MOST_EPOCHS = 256, 32
local MOST_COUNTED = 999999999999999
local RECORD = ',"record":{"started":'

local function lines(text)
  -- Room for what an update mostly has, so that the table need not grow.
  local values = {history = nil, run_id = nil, source = nil, n = nil, state = nil, progress = nil, log = nil}
  for name, value in string.gmatch(text, '([%l_]+)=([^\n]*)') do values[name] = value end
  return values
end

local settings = lines(ARGV[1])
local history_limit = tonumber(settings.history_limit)
local publish = settings.publish or 'PUBLISH'
local time = redis.call('TIME')
local ts = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
local clock = time[1] * 1000000 + time[2]

-- Takes over what the last entry says, as text: data and numbers never pass through a JSON decoder. Where others have removed
-- entries the last one may have a short record: then the run goes on, without the names.
local function read(run, entry)
  if string.sub(entry, 1, #run.prefix) ~= run.prefix then return false end
  local id, heard, state, progress, counters = string.match(entry,
    '^(%d+),"ts":(%d+),"state":(.-),"progress":([^,]+)(.-),"message":', #run.prefix + 1)
  local at
  local next_at = string.find(entry, RECORD, 1, true)
  while next_at do
    at, next_at = next_at, string.find(entry, RECORD, next_at + 1, true)
  end
  if not id or not at then return false end
  local started, rest = string.match(entry, '^(%d+)(.*)}}$', at + #RECORD)
  if not started then return false end
  local of_state, of_progress, of_data, epochs, sources, key = string.match(rest,
    '^,"set":"(%d+) (%d+) (%d+)","epochs":"([^"]*)","sources":"([^"]*)"(.*)$')
  key = key or rest
  if not (key == '' or string.find(key, '^,"key":".*"$')) then return false end
  if of_state then
    run.of_state, run.of_progress, run.of_data = tonumber(of_state), tonumber(of_progress), tonumber(of_data)
    run.epochs, run.sources = epochs, sources
  end
  run.id, run.heard, run.state, run.progress, run.started = tonumber(id), heard, state, progress, started
  run.counters = counters
  if counters ~= '' then
    run.current, run.total = string.match(counters, ',"current":([%d.]+)'), string.match(counters, ',"total":([%d.]+)')
    run.attempt = string.match(counters, ',"attempt":(%d+)')
  end
  run.last = string.sub(entry, 1, at - 1) .. RECORD .. started .. key .. '}}'
  return true
end

-- A run's values; its array part is what this batch adds to the history. `foreign` counts entries at the list's end that are
-- not ours, or torn: they can't be followed, so they go.
local function open_run(key, run_id)
  local run = {key = key, channel = settings.channel_prefix .. key, prefix = '{"type":"progress","run_id":' .. run_id .. ',"id":',
    id = clock - 1, started = string.format('%.0f', clock), state = 'null', progress = 'null', epochs = '', sources = '',
    of_state = 0, of_progress = 0, of_data = 0, foreign = 0}
  local entry = redis.pcall('LINDEX', key, -1)
  while type(entry) == 'string' and not read(run, entry) do
    run.foreign = run.foreign + 1
    entry = redis.pcall('LINDEX', key, -1 - run.foreign)
  end
  if type(entry) == 'table' then run.fault = entry.err end
  return run
end

-- The event of an entry.
local function event_of(entry)
  return (string.gsub(entry, '^(.*),"record":{.*$', '%1}'))
end

-- The first entry of a run that bears an idempotency key. The history is read once, and only for such an update.
local function bearer(run, key)
  if not run.bearers then
    run.bearers = {}
    for _, entry in ipairs(redis.call('LRANGE', run.key, 0, -1)) do
      -- A match within `data` holds bare quotes, and a key's own are escaped: it equals none.
      local borne = string.match(entry, '^.*,"key":(".*")}}$')
      if borne and not run.bearers[borne] then run.bearers[borne] = entry end
    end
  end
  return run.bearers[key]
end

-- The n that a list ' source=n source=n' has for a source, 0 for none, and the list without it.
local function take(list, source)
  local start, stop = string.find(list, ' ' .. source .. '=', 1, true)
  if not start then return 0, list end
  local n = string.match(list, '^%d+', stop + 1)
  return tonumber(n), string.sub(list, 1, start - 1) .. string.sub(list, stop + 1 + #n)
end

local function most_of(list, most)
  local _, count = string.gsub(list, '=', '=')
  return count > most and string.match(list, '^(.*) ') or list
end

-- The list with the name put in, or nil and the outcome. Those that spoke last come first.
local function with_source(list, source, n)
  local seen, others = take(list, source)
  if tonumber(n) <= seen then return nil, 'repeat' end
  list = ' ' .. source .. '=' .. n .. others
  return seen > 0 and list or most_of(list, MOST_SOURCES)
end

-- The same for epochs, the newest first: what falls out of the list is the oldest, and one that is older still is known to be.
local function with_epoch(list, epoch, n)
  local seen, others = take(list, epoch)
  if tonumber(n) <= seen then return nil, 'repeat' end
  local place, at = 0, #others + 1
  for start, other in string.gmatch(others, '() (%d+)=') do
    place = place + 1
    if tonumber(other) < tonumber(epoch) then
      place, at = place - 1, start
      break
    end
  end
  if place >= MOST_EPOCHS then return nil, 'stale' end
  return most_of(string.sub(others, 1, at - 1) .. ' ' .. epoch .. '=' .. n .. string.sub(others, at), MOST_EPOCHS)
end

-- As JSON text of 15 significant digits, in which sums of decimals are exact: forty times 0.1 is 4.
local function decimal(number)
  local text = string.format('%.15g', number)
  if not string.find(text, 'e', 1, true) then return text end
  return (string.gsub(string.format('%.18f', number), '%.?0+$', ''))
end

local function counters_of(run)
  run.counters = (run.current and ',"current":' .. run.current or '') .. (run.total and ',"total":' .. run.total or '')
    .. (run.attempt and ',"attempt":' .. run.attempt or '')
  return run.counters
end

local function count(run, update)
  run.counters = nil
  if update.total then run.total = decimal(tonumber(update.total)) end
  local current = tonumber(update.current or run.current or 0) + tonumber(update.advance or 0)
  run.current = decimal(math.min(current, MOST_COUNTED))
  if run.total then run.progress = decimal(math.min(tonumber(run.current) / tonumber(run.total), 1)) end
end

-- Puts the update's values into the run. What an older epoch says late sets only what nothing newer has set.
local function set(run, update, epoch)
  local attempt = tonumber(update.attempt or -1)
  if attempt > tonumber(run.attempt or -1) then
    run.attempt, run.state, run.progress, run.current, run.total = update.attempt, 'null', 'null', nil, nil
    run.of_state, run.of_progress, run.counters = 0, 0, nil
  end
  if update.state and epoch >= run.of_state then run.state, run.of_state = update.state, epoch end
  if epoch >= run.of_progress then
    if update.progress then run.progress = update.progress end
    if update.current or update.total or update.advance then count(run, update) end
    -- An addition has no order: it is newer than nothing.
    if update.progress or update.current or update.total then run.of_progress = epoch end
  end
  local data = ''
  if update.data and epoch >= run.of_data then data, run.of_data = ',"data":' .. update.data, epoch end
  return data
end

-- Whether a sign of life says no more than what was heard lately.
local function is_heard(run, update)
  if not update.silence_ms or not run.heard or tonumber(update.attempt or -1) > tonumber(run.attempt or -1) then return false end
  local silence = ts - run.heard -- Below 0 where the clock was set back.
  return silence >= 0 and silence < tonumber(update.silence_ms)
end

-- The entry that follows, with a short record, or nil and the outcome.
local function fold(run, update)
  local source, key = update.source, update.key
  local first = key and bearer(run, key)
  if first then return nil, {'repeat', event_of(first)} end
  local is_raw = string.find(source, '^%d')
  local list, outcome
  if is_raw then
    list, outcome = with_epoch(run.epochs, source, update.n)
  else
    list, outcome = with_source(run.sources, source, update.n)
  end
  if not list then return nil, outcome end
  if update.attempt and tonumber(update.attempt) < tonumber(run.attempt or 0) then return nil, 'superseded' end
  if is_heard(run, update) then return nil, 'repeat' end
  if is_raw then run.epochs = list else run.sources = list end
  -- What has no epoch counts as of the run's newest.
  local data = set(run, update, tonumber(is_raw and source or string.match(run.epochs, '%d+') or 0))
  run.id, run.heard = run.id + 1, ts
  run.done = string.find(settings.terminal_states, ',' .. run.state .. ',', 1, true)
  run.tail = RECORD .. run.started .. (key and ',"key":' .. key or '') .. '}}'
  local entry = run.prefix .. string.format('%.0f', run.id) .. ',"ts":' .. ts .. ',"state":' .. run.state .. ',"progress":'
    .. run.progress .. (run.counters or counters_of(run)) .. ',"message":' .. (update.log or '""') .. data
    .. (run.done and ',"done":true' or '') .. run.tail
  if key then run.bearers[key] = entry end
  return entry
end

local function long_entry(run, entry)
  return string.sub(entry, 1, -1 - #run.tail) .. RECORD .. run.started .. string.format(',"set":"%.0f %.0f %.0f","epochs":"',
    run.of_state, run.of_progress, run.of_data) .. run.epochs .. '","sources":"' .. run.sources .. '"'
    .. string.sub(run.tail, 1 + #RECORD + #run.started)
end

-- Why this user may not run a command, or nil.
local function missing_right(command, ...)
  if redis.acl_check_cmd then
    if redis.acl_check_cmd(command, ...) then return nil end
    return 'NOPERM this Redis user may not run ' .. command .. ' on ' .. (...)
  end
  -- Redis 6 can't be asked: an empty announcement, which is none, finds out.
  local reply = command == publish and redis.pcall(command, ...)
  return type(reply) == 'table' and reply.err or nil
end

local outcomes, runs, order = {''}, {}, {}
for i = 2, #ARGV do
  local update = lines(ARGV[i])
  local run = runs[update.history]
  if not run then
    run = open_run(KEYS[tonumber(update.history)], update.run_id)
    runs[update.history], order[#order + 1] = run, run
  end
  -- A key of another type is this run's own fault; all else that can be wrong is wrong for every run.
  if run.fault and string.sub(run.fault, 1, 9) ~= 'WRONGTYPE' then return {run.fault} end
  local entry, outcome
  if run.fault then outcome = {'rejected', run.fault} else entry, outcome = fold(run, update) end
  if entry then
    run[#run + 1] = entry
    outcome = update.want_event and {'recorded', event_of(entry)} or 'recorded'
  end
  outcomes[i] = outcome
end

local function missing_rights()
  local key, missing = KEYS[1], nil
  for _, run in ipairs(order) do missing = missing or run[1] and missing_right(publish, run.channel, '') end
  return missing or missing_right('RPUSH', key, '') or missing_right('LSET', key, 0, '') or missing_right('LTRIM', key, 0, 0)
    or missing_right('PEXPIRE', key, 1)
end

-- Whether it takes writes (its memory, its disk, its role) Redis judges at a script's first one.
local write = redis.pcall
local missing = missing_rights()
if missing then return {missing} end
for _, run in ipairs(order) do
  if run[1] then
    local announcement = table.concat(run, '\n')
    run[#run] = long_entry(run, run[#run])
    if run.foreign > 0 then
      local reply = write('LTRIM', run.key, 0, -1 - run.foreign)
      if reply.err then return {reply.err} end
      write = redis.call
    end
    local length = write('RPUSH', run.key, unpack(run))
    if type(length) == 'table' then return {length.err} end
    write = redis.call
    if run.last then write('LSET', run.key, -1 - #run, run.last) end
    if length > history_limit then write('LTRIM', run.key, -history_limit, -1) end
    write('PEXPIRE', run.key, run.done and settings.finished_ttl_ms or settings.ttl_ms)
    write(publish, run.channel, announcement)
  end
end
return outcomes
