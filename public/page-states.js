// Every state the element knows, as the messages that lead there. For the page, the screenshots and the tests.

/** @typedef {{ name: string, messages: object[], connection?: 'live' | 'retrying' | 'connecting' | 'refused' }} Example */

const TEXTS = {
  ko: {
    runId: '20251105_1430_우주여행고양이',
    lines: [
      '플롯 생성 시작: 프롬프트 분석 중...',
      '시나리오 생성 중 (GPT-4o-mini)...',
      '시나리오 CSV 생성 완료',
      'JSON 레이아웃 변환 중...',
      'JSON 레이아웃 생성 완료',
      '에셋 생성 시작 (디자이너, 작곡가, 성우)',
      '디자이너: 이미지 생성 중...',
      '디자이너: 표지 이미지를 다시 그립니다. 고양이의 우주복 헬멧에 비친 지구의 색이 앞 장면과 달라 처음부터 다시 맞춥니다.',
      '디자이너: 이미지 생성 중... (3/8)',
    ],
    image: '디자이너: 이미지 생성 중...',
    done: '영상 생성 완료! 🎉',
    failure:
      '렌더링 실패: ffmpeg이 코드 1로 끝났습니다 (출력 폴더 /output/20251105에 쓸 수 없음, 남은 공간 0 바이트)',
    link: '영상 보기',
  },
  en: {
    runId: '20251105_1430_cat_in_space',
    lines: [
      'Plot: reading the prompt...',
      'Writing the script (GPT-4o-mini)...',
      'Script written',
      'Laying out the scenes...',
      'Scenes laid out',
      'Assets: designer, composer and voice at work',
      'Designer: drawing...',
      'Designer: drawing the cover again. The colour of the Earth in the visor of the cat’s helmet differs from the scene before, so it begins anew.',
      'Designer: drawing... (3/8)',
    ],
    image: 'Designer: drawing...',
    done: 'The video is ready! 🎉',
    failure:
      'Rendering failed: ffmpeg ended with code 1 (can’t write to /output/20251105, 0 bytes left on the device)',
    link: 'Watch it',
  },
};

/** @typedef {keyof typeof TEXTS} Language Of what the worker reports. */

/**
 * @param {number} now the moment the examples stand at
 * @param {Language} language
 * @returns {Example[]}
 */
export function exampleStates(now, language = 'ko') {
  const { runId: run_id, lines, image, done: doneLine, failure } = TEXTS[language];
  const first = 1_763_800_000_000_000;
  /** @param {object} fields @param {number} [ageMs] */
  const snapshot = (fields, ageMs = 12_000) => {
    const times = lines.map((_, index) => now - ageMs - (lines.length - 1 - index) * 17_000);
    return {
      type: 'initial_state',
      run_id,
      id: first + lines.length,
      first_id: first,
      ts: now - ageMs,
      started: times[0],
      state: 'ASSET_GENERATION',
      progress: 0.42,
      logs: lines,
      log_times: times,
      done: false,
      ...fields,
    };
  };
  const data = { video_url: '/videos/20251105.mp4' };
  const done = {
    state: 'END',
    progress: 1,
    logs: [...lines, doneLine],
    log_times: [],
    states: ['PLOT_GENERATION', 'ASSET_GENERATION', 'RENDERING', 'QA'],
    state_times: [148, 121, 61, 20].map((seconds) => now - seconds * 1_000),
    done: true,
    data,
  };
  return [
    { name: 'waiting', messages: [] },
    { name: 'running', messages: [snapshot({})] },
    { name: 'estimated', messages: steadyRun(snapshot({}), now, image) },
    { name: 'unknown state', messages: [snapshot({ state: 'UPLOADING_TO_YOUTUBE', progress: 0.9 })] },
    { name: 'no percentage', messages: [snapshot({ state: null, progress: null })] },
    { name: 'silent', messages: [snapshot({}, 102_000)] },
    { name: 'reconnecting', messages: [snapshot({})], connection: 'retrying' },
    {
      name: 'attempt 2',
      messages: [
        snapshot({}),
        {
          type: 'progress',
          run_id,
          id: first + 10,
          ts: now - 3_000,
          state: 'PLOT_GENERATION',
          progress: 0.1,
          message: lines[0],
        },
      ],
    },
    { name: 'counting', messages: wholeRun({ run_id, first, now, line: image }) },
    { name: 'done', messages: [snapshot(done)] },
    {
      name: 'failed',
      messages: [
        snapshot({ state: 'RENDERING', progress: 0.75 }),
        {
          type: 'progress',
          run_id,
          id: first + 10,
          ts: now - 4_000,
          state: 'FAILED',
          progress: 0.78,
          message: failure,
          done: true,
        },
      ],
    },
    {
      name: 'expired',
      messages: [
        snapshot({}),
        snapshot({
          id: 0,
          state: null,
          progress: null,
          logs: [],
          log_times: [],
          gap: true,
          ts: null,
          started: null,
        }),
      ],
    },
    { name: 'refused', messages: [], connection: 'refused' },
    { name: 'gap', messages: [snapshot({ gap: true, logs: lines.slice(5), log_times: [] })] },
  ];
}

/**
 * @param {ReturnType<typeof JSON.parse>} start
 * @param {number} now
 * @param {string} line
 */
function steadyRun(start, now, line) {
  const steps = Array.from({ length: 12 }, (_, index) => ({
    type: 'progress',
    run_id: start.run_id,
    id: start.id + 1 + index,
    ts: now - (12 - index) * 3_000 + 1_000,
    state: 'ASSET_GENERATION',
    progress: 0.42 + index * 0.01,
    message: `${line} (${index + 1}/12)`,
  }));
  return [{ ...start, ts: now - 38_000, started: now - 192_000, log_times: [] }, ...steps];
}

/**
 * The next message of a run, as if it had gone on until now: what stands still for a minute counts as silent.
 *
 * @param {ReturnType<typeof JSON.parse>} last
 * @param {object} [fields]
 */
export function nextMessage(last, fields) {
  return {
    type: 'progress',
    run_id: last.run_id,
    id: last.id + 1,
    ts: Date.now(),
    state: last.state,
    progress: last.progress,
    message: '',
    ...fields,
  };
}

/**
 * A run that was watched from its beginning, so that each stage's time is known; in its third stage it counts.
 *
 * @param {{ run_id: string, first: number, now: number, line: string }} run
 */
function wholeRun({ run_id, first, now, line }) {
  const steps = [
    { state: 'PLOT_GENERATION', progress: 0.1, ago: 252_000 },
    { state: 'ASSET_GENERATION', progress: 0.25, ago: 206_000 },
    { state: 'RENDERING', progress: 0.65, ago: 54_000 },
    { state: 'RENDERING', progress: 0.695, current: 12, total: 40, ago: 3_000 },
  ];
  return steps.map(({ ago, ...step }, index) => ({
    type: 'progress',
    run_id,
    id: first + index,
    ts: now - ago,
    message: line,
    ...step,
  }));
}

/** Stages as another application has them. @param {Language} language */
export function ownStages(language) {
  const labels = {
    ko: ['대본 쓰기', '이미지와 음악 만들기', '영상 렌더링', '품질 검수', '업로드', '완료'],
    en: [
      'Writing the script',
      'Images and music',
      'Rendering the video',
      'Checking quality',
      'Upload',
      'Published',
    ],
  }[language];
  const stages = [
    ['PLOT_GENERATION', 0.15],
    ['ASSET_GENERATION', 0.5],
    ['RENDERING', 0.75],
    ['QA', 0.85],
    ['UPLOADING_TO_YOUTUBE', 0.96],
    ['END', 1],
  ];
  return stages.map(([state, until], place) => ({ state, until, label: labels[place] }));
}

/**
 * An element that stands in the example's state, without any connection.
 * @param {Example} example
 * @param {'full' | 'compact' | 'ring'} variant
 * @param {Language} language
 */
export function exampleElement({ messages, connection }, variant, language = 'ko') {
  const element = document.createElement('run-progress');
  element.transport = 'manual';
  element.variant = variant;
  const link = document.createElement('a');
  link.slot = 'done';
  link.dataset.href = 'video_url';
  link.textContent = TEXTS[language].link;
  element.append(link);
  for (const message of messages) element.receive(message);
  if (connection) element.setConnection(connection);
  return element;
}
