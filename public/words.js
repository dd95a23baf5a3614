// Every word on the page, in Korean and English. The element has its own.

const ko = {
  title: '오래 걸리는 작업, 어디까지 왔는지 보여 주세요',
  lede: '페이지에 태그 하나만 넣으면 방문자가 백그라운드 작업이 어디까지 왔는지 바로 봅니다. 네트워크가 끊기거나 서버를 새로 배포해도 보던 곳에서 이어집니다.',
  runDemo: '데모 실행',
  runDemoFor: '20초',
  isExample: '아래는 예시입니다.',
  demoIdea: '데모를 실행하면 영상 하나를 만드는 14단계를 20초 동안 실제로 보냅니다.',
  failDemo: '실패시켜 보기',
  demoSent: (/** @type {number} */ sent, /** @type {number} */ total) => `보내는 중 ${sent}/${total || '…'}`,
  demoRunning: '이 페이지가 작업자 역할을 합니다. 닫으면 데모도 멈춥니다.',
  demoWaiting: '같은 내용을 곧 다시 보냅니다.',
  demoRefused: '데모를 실행할 수 없습니다.',
  noDemoHint: '진행 중인 작업을 보려면 아래에 run_id를 적고 ‘보기’를 누르세요.',
  demoFailure: '작업 실패: 데모에서 일부러 멈췄습니다',
  /** In place of pipeline.json's own. */
  demoLines: /** @type {string[]} */ ([]),
  exampleLines: /** @type {Record<string, string>} */ ({
    ASSET_GENERATION: '디자이너: 이미지 생성 중...',
    RENDERING: '렌더링 중...',
    QA: 'QA: 품질 검수 중...',
  }),
  exampleDone: '영상 생성 완료! 🎉',
  record: '보낸 내용 보기',
  runName: '우주여행고양이',
  switchLanguage: 'English',
  live: '한 작업을 세 가지 모양으로',
  watchTitle: '내 작업 보기',
  watchLabel: '작업',
  watch: '보기',
  compactFor: '표의 한 줄',
  videoHead: '영상',
  progressHead: '진행 상황',
  video: '우주여행 고양이',
  video2: '고래의 하루',
  video3: '서울의 커피',
  how: '사용법',
  embedTitle: '페이지에 넣기',
  reportTitle: '작업에서 알리기 (Python)',
  reportNeeds: 'src/publish/publish_progress.py를 복사하고 REDIS_URL을 설정하세요',
  reportLine: '렌더링 단계 시작',
  curlTitle: '터미널에서 보기',
  copy: '복사',
  copied: '복사됨',
  selected: '선택됨',
  statesTitle: '모든 상태',
  variant: '모양',
  theme: '테마',
  themeSystem: '시스템 설정',
  themeLight: '밝게',
  themeDark: '어둡게',
  width: '너비',
  /** By the names of page-states.js. */
  states: /** @type {Record<string, string>} */ ({
    waiting: '대기 중',
    running: '진행 중',
    estimated: '남은 시간 예상',
    'unknown state': '모르는 단계',
    'no percentage': '진행률 없음',
    silent: '소식 없음',
    reconnecting: '다시 연결하는 중',
    'attempt 2': '두 번째 시도',
    done: '완료',
    failed: '실패',
    expired: '기록 만료',
    refused: '서버가 거절함',
    gap: '이전 기록 없음 (로그)',
    counting: '개수로 세는 작업',
  }),
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
  title: 'Show people how far a long job is',
  lede: 'Add one tag to your page, and visitors see how far a background job is, live. When their network drops or you deploy, it continues where it was.',
  runDemo: 'Run the demo',
  runDemoFor: '20 s',
  isExample: 'What you see below is an example.',
  demoIdea: 'The demo publishes a real run: the 14 steps of making a video, in 20 seconds.',
  failDemo: 'Make it fail',
  demoSent: (sent, total) => `Publishing ${sent}/${total || '…'}`,
  demoRunning: 'This page acts as the worker. If you close it, the demo stops.',
  demoWaiting: 'The page will send the same update again in a moment.',
  demoRefused: 'The demo can’t run here.',
  noDemoHint: 'To watch a run that is in progress, enter its run_id below and press “Watch”.',
  demoFailure: 'Failed: the demo was stopped on purpose',
  demoLines: [
    'Plot: reading the prompt...',
    'Writing the script (GPT-4o-mini)...',
    'Script written',
    'Laying out the scenes...',
    'Scenes laid out',
    'Assets: designer, composer and voice at work',
    'Designer: drawing...',
    'Composer: writing the music...',
    'Voice: speaking the lines...',
    'Rendering has begun',
    'Rendered: outputs/final.mp4',
    'QA: checking the video...',
    'QA: the file is fine',
    'The video is ready! 🎉',
  ],
  exampleLines: {
    ASSET_GENERATION: 'Designer: drawing...',
    RENDERING: 'Rendering...',
    QA: 'QA: checking the video...',
  },
  exampleDone: 'The video is ready! 🎉',
  record: 'See what was published',
  runName: 'cat_in_space',
  switchLanguage: '한국어',
  live: 'The same run in each variant',
  watchTitle: 'Watch one of your runs',
  watchLabel: 'Run',
  watch: 'Watch',
  compactFor: 'for table rows',
  videoHead: 'Video',
  progressHead: 'Progress',
  video: 'A cat in space',
  video2: 'A whale’s day',
  video3: 'Coffee in Seoul',
  how: 'How to use it',
  embedTitle: 'Add it to your page',
  reportTitle: 'Report progress from your job (Python)',
  reportNeeds: 'Copy src/publish/publish_progress.py next to your code and set REDIS_URL',
  reportLine: 'Rendering has begun',
  curlTitle: 'Watch it from a terminal',
  copy: 'Copy',
  copied: 'Copied',
  selected: 'Selected',
  statesTitle: 'Every state',
  variant: 'Variant',
  theme: 'Theme',
  themeSystem: 'system',
  themeLight: 'light',
  themeDark: 'dark',
  width: 'Width',
  states: {},
  problems: {
    'no-answer': 'The server isn’t answering.',
    'publishing-disabled': '',
    'too-many-connections': 'The server has no free connection right now. Try again in a moment.',
    'store-unavailable': 'The store can’t be read right now.',
    'not-recorded': 'The store can’t save updates right now.',
    'outcome-unknown': 'The store’s answer was lost.',
    'bad-run-id': 'That isn’t a valid run_id.',
    'host-not-allowed': 'The server doesn’t accept this address.',
    'origin-not-allowed': 'Pages of other sites can’t publish here.',
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
  const percent = new Intl.NumberFormat(language, { style: 'percent', roundingMode: 'trunc' });
  return {
    ...table,
    language,
    /** Never rounded up to done; a hair more, as 0.29 is a little less. @param {number} progress */
    percent: (progress) => percent.format(Math.min(1, progress + 1e-9)),
    /** In plain words, and then as the server put it. @param {import('./problem.js').Problem} problem */
    problem: ({ status, code, detail }) => {
      const plain =
        table.problems[code] ?? (status >= 500 ? table.overloaded(status) : table.refused(status));
      return `${plain} ${detail}`.trim();
    },
  };
}
