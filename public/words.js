// Every word on the page, in Korean and English, and numbers and durations as people say them.

import { wholePercent } from './run.js';

const ko = {
  title: '오래 걸리는 작업, 지금 이만큼 왔습니다.',
  lede: '작업자가 알린 진행 상황을 기록해 브라우저로 바로 흘려보냅니다. 연결이 끊겨도 빠뜨리지 않고 이어집니다.',
  runDemo: '데모 실행',
  runDemoFor: '20초',
  demoIdea: '영상 하나를 만드는 14단계를 20초로 줄여 보여 줍니다.',
  failDemo: '실패시켜 보기',
  demoSent: (/** @type {number} */ sent, /** @type {number} */ total) => `보내는 중 ${sent}/${total || '…'}`,
  demoRunning: '이 페이지가 작업자 역할을 합니다. 닫으면 데모도 멈춥니다.',
  demoWaiting: '같은 내용을 곧 다시 보냅니다.',
  demoRefused: '데모를 실행할 수 없습니다.',
  watchLabel: '다른 작업 지켜보기',
  watch: '보기',
  switchLanguage: 'English',
  card: '진행 상황',
  noRun: '아직 보고 있는 작업이 없습니다',
  noRunHint: '‘데모 실행’을 누르면 여기에서 진행됩니다.',
  noDemoHint: 'run_id를 적고 ‘보기’를 누르면 여기에 보입니다.',
  waiting: '대기 중',
  waitingHint: '첫 소식이 오면 바로 시작됩니다.',
  running: '진행 중',
  done: '완료',
  failed: '실패',
  ended: '종료',
  stages: ['플롯', '에셋', '렌더링', 'QA', '완료'],
  stagesAlso: ['Plot', 'Assets', 'Rendering', 'Quality', 'Done'],
  doing: ['플롯 생성', '에셋 생성', '렌더링', '품질 검수', '완료'],
  steps: '단계',
  looks: { past: '끝남', now: '지금', failed: '실패', ahead: '' },
  phases: {
    connecting: '연결 중',
    live: '실시간',
    reconnecting: '다시 연결하는 중',
    ended: '끝남',
    closed: '연결 끊김',
  },
  justNow: '방금',
  heard: (/** @type {string} */ ago) => `마지막 수신 ${ago}`,
  silentFor: (/** @type {string} */ time) => `${time} 동안 소식 없음`,
  expired: '기록이 만료되었습니다',
  elapsed: (/** @type {string} */ time) => `${time} 경과`,
  took: (/** @type {string} */ time) => `${time} 걸림`,
  log: '로그',
  noLines: '아직 줄이 없습니다',
  newLines: (/** @type {number} */ count) => `새 줄 ${count} ↓`,
  notes: {
    gap: '이전 기록은 보관되지 않았습니다',
    expired: '서버에 이 작업의 기록이 더는 없습니다',
    restarted: '작업이 다시 시작되었습니다',
    trimmed: '이전 줄은 이 화면에서 줄였습니다',
  },
  howTitle: '이렇게 움직입니다',
  how1: '작업자가 알립니다',
  how2: '서비스가 기록합니다',
  how2Detail: '번호를 붙여 Redis에 남기므로, 끊겼다 돌아와도 이어서 받습니다.',
  how3: '브라우저가 봅니다',
  terminal: '터미널에서도 볼 수 있습니다',
  copy: '복사',
  copied: '복사했습니다',
  selected: '선택했습니다',
  retry: '다시 시도',
  closed: '연결이 완전히 끊겼습니다.',
  problems: /** @type {Record<string, string>} */ ({
    'no-answer': '서버가 응답하지 않습니다.',
    'publishing-disabled': '운영 환경에서는 누구나 보낼 수 없도록 HTTP 발행이 꺼져 있습니다.',
    'too-many-connections': '지금은 연결이 가득 찼습니다. 잠시 뒤 다시 시도해 주세요.',
    'store-unavailable': '저장소를 지금 읽을 수 없습니다.',
    'not-recorded': '저장소가 지금 기록할 수 없습니다.',
    'outcome-unknown': '저장소의 답을 받지 못했습니다.',
    'bad-run-id': '쓸 수 없는 run_id입니다.',
    'host-not-allowed': '이 주소로는 쓸 수 없습니다.',
    'origin-not-allowed': '다른 사이트에서는 보낼 수 없습니다.',
  }),
  refused: (/** @type {number} */ status) => `서버가 거절했습니다 (HTTP ${status}).`,
  overloaded: (/** @type {number} */ status) => `서버가 지금 답할 수 없습니다 (HTTP ${status}).`,
};

/** @type {typeof ko} */
const en = {
  title: 'A long job, and how far it is right now.',
  lede: 'What a worker reports is recorded and streamed to the browser at once. A broken connection picks up where it left off, with nothing missing.',
  runDemo: 'Run the demo',
  runDemoFor: '20 s',
  demoIdea: 'The 14 steps of making one video, in 20 seconds.',
  failDemo: 'Make it fail',
  demoSent: (sent, total) => `Publishing ${sent}/${total || '…'}`,
  demoRunning: 'This page plays the worker. If you close it, the demo stops.',
  demoWaiting: 'The same update will be sent again shortly.',
  demoRefused: 'The demo can’t run here.',
  watchLabel: 'Watch another run',
  watch: 'Watch',
  switchLanguage: '한국어',
  card: 'Progress',
  noRun: 'No run is shown yet',
  noRunHint: 'Press “Run the demo” and it happens here.',
  noDemoHint: 'Enter a run_id and press “Watch” to see it here.',
  waiting: 'Waiting to start',
  waitingHint: 'It begins here with the first update.',
  running: 'Running',
  done: 'Done',
  failed: 'Failed',
  ended: 'Ended',
  stages: ['Plot', 'Assets', 'Rendering', 'QA', 'Done'],
  stagesAlso: ['플롯', '에셋', '렌더링', '검수', '완료'],
  doing: ['Writing the plot', 'Creating assets', 'Rendering', 'Checking quality', 'Done'],
  steps: 'Stages',
  looks: { past: 'done', now: 'now', failed: 'failed', ahead: '' },
  phases: {
    connecting: 'Connecting',
    live: 'Live',
    reconnecting: 'Reconnecting',
    ended: 'Ended',
    closed: 'Disconnected',
  },
  justNow: 'just now',
  heard: (ago) => `last heard ${ago}`,
  silentFor: (time) => `Nothing heard for ${time}`,
  expired: 'No longer kept',
  elapsed: (time) => `${time} elapsed`,
  took: (time) => `took ${time}`,
  log: 'Log',
  noLines: 'No lines yet',
  newLines: (count) => `${count} new ↓`,
  notes: {
    gap: 'Earlier lines were not kept',
    expired: 'The server no longer keeps this run',
    restarted: 'The run started again',
    trimmed: 'Earlier lines are not shown here',
  },
  howTitle: 'How it works',
  how1: 'A worker reports',
  how2: 'The service records',
  how2Detail: 'Numbered and kept in Redis, so a reader that comes back goes on where it was.',
  how3: 'A browser watches',
  terminal: 'In a terminal, too',
  copy: 'Copy',
  copied: 'Copied',
  selected: 'Selected',
  retry: 'Try again',
  closed: 'The connection is closed for good.',
  problems: {
    'no-answer': 'The server does not answer.',
    'publishing-disabled': '',
    'too-many-connections': 'There is no room for another connection now. Try again in a moment.',
    'store-unavailable': 'The store can’t be read right now.',
    'not-recorded': 'The store can’t record right now.',
    'outcome-unknown': 'The store’s answer was lost.',
    'bad-run-id': 'That can’t be a run_id.',
    'host-not-allowed': 'Not available under this address.',
    'origin-not-allowed': 'Another site may not publish here.',
  },
  refused: (status) => `The server refused (HTTP ${status}).`,
  overloaded: (status) => `The server can’t answer right now (HTTP ${status}).`,
};

const TABLES = { ko, en };

/** @typedef {keyof typeof TABLES} Language */
/** @typedef {ReturnType<typeof wordsIn>} Words */

/** The first language in `wishes` that the page speaks; English otherwise. @param {readonly string[]} wishes @returns {Language} */
export function pickLanguage(wishes) {
  for (const wish of wishes) {
    const language = wish.toLowerCase().split('-')[0];
    if (language === 'ko' || language === 'en') return language;
  }
  return 'en';
}

/** @param {Language} language */
export function wordsIn(language) {
  const table = TABLES[language];
  const relative = new Intl.RelativeTimeFormat(language, { numeric: 'auto', style: 'short' });
  const clock = new Intl.DateTimeFormat(language, {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  });
  const percent = new Intl.NumberFormat(language, { style: 'percent' });
  const units = {
    hour: new Intl.NumberFormat(language, { style: 'unit', unit: 'hour' }),
    minute: new Intl.NumberFormat(language, { style: 'unit', unit: 'minute' }),
    second: new Intl.NumberFormat(language, { style: 'unit', unit: 'second' }),
  };
  return {
    ...table,
    language,
    /** '12초 전' @param {number} ms */
    ago: (ms) => {
      const seconds = Math.max(0, Math.floor(ms / 1000));
      // Ages are looked at, not counted.
      if (seconds < 5) return table.justNow;
      if (seconds < 60) return relative.format(-seconds, 'second');
      if (seconds < 3600) return relative.format(-Math.floor(seconds / 60), 'minute');
      return relative.format(-Math.floor(seconds / 3600), 'hour');
    },
    /** '8분 12초' @param {number} ms */
    duration: (ms) => {
      const seconds = Math.max(0, Math.floor(ms / 1000));
      const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
      if (h > 0) return `${units.hour.format(h)} ${units.minute.format(m)}`;
      return m > 0 ? `${units.minute.format(m)} ${units.second.format(s)}` : units.second.format(s);
    },
    /** '14:15:16' @param {number} ms */
    time: (ms) => clock.format(ms),
    percent: (/** @type {number} */ progress) => percent.format(wholePercent(progress) / 100),
    /** In plain words, and then as the server put it. @param {import('./problem.js').Problem} problem */
    problem: ({ status, code, detail }) => {
      const plain =
        table.problems[code] ?? (status >= 500 ? table.overloaded(status) : table.refused(status));
      return `${plain} ${detail}`.trim();
    },
  };
}
