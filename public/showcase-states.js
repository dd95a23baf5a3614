// Every state the element knows, as the messages that lead there. For the showcase, the screenshots and the tests.

/** @typedef {{ name: string, messages: object[], connection?: 'live' | 'retrying' | 'connecting' }} Example */

const LINES = [
  '플롯 생성 시작: 프롬프트 분석 중...',
  '시나리오 생성 중 (GPT-4o-mini)...',
  '시나리오 CSV 생성 완료',
  'JSON 레이아웃 변환 중...',
  'JSON 레이아웃 생성 완료',
  '에셋 생성 시작 (디자이너, 작곡가, 성우)',
  '디자이너: 이미지 생성 중...',
  '디자이너: 표지 이미지를 다시 그립니다. 고양이의 우주복 헬멧에 비친 지구의 색이 앞 장면과 달라 처음부터 다시 맞춥니다.',
  '디자이너: 이미지 생성 중... (3/8)',
];

/**
 * @param {number} now the moment the examples stand at
 * @returns {Example[]}
 */
export function exampleStates(now) {
  const run_id = '20251105_1430_우주여행고양이';
  const first = 1_763_800_000_000_000;
  /** @param {object} fields @param {number} [ageMs] */
  const snapshot = (fields, ageMs = 12_000) => {
    const times = LINES.map((_, index) => now - ageMs - (LINES.length - 1 - index) * 17_000);
    return {
      type: 'initial_state',
      run_id,
      id: first + LINES.length,
      first_id: first,
      ts: now - ageMs,
      started: times[0],
      state: 'ASSET_GENERATION',
      progress: 0.42,
      logs: LINES,
      log_times: times,
      done: false,
      ...fields,
    };
  };
  const data = { video_url: '/videos/20251105.mp4' };
  const done = {
    state: 'END',
    progress: 1,
    logs: [...LINES, '영상 생성 완료! 🎉'],
    log_times: [],
    done: true,
    data,
  };
  const failure =
    '렌더링 실패: ffmpeg이 코드 1로 끝났습니다 (출력 폴더 /output/20251105에 쓸 수 없음, 남은 공간 0 바이트)';
  return [
    { name: 'waiting', messages: [] },
    { name: 'running', messages: [snapshot({})] },
    { name: 'estimated', messages: steadyRun(snapshot({}), now) },
    { name: 'unknown state', messages: [snapshot({ state: 'UPLOADING_TO_YOUTUBE', progress: 0.9 })] },
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
          message: LINES[0],
        },
      ],
    },
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
    { name: 'gap', messages: [snapshot({ gap: true, logs: LINES.slice(5), log_times: [] })] },
  ];
}

/**
 * @param {ReturnType<typeof JSON.parse>} start
 * @param {number} now
 */
function steadyRun(start, now) {
  const steps = Array.from({ length: 12 }, (_, index) => ({
    type: 'progress',
    run_id: start.run_id,
    id: start.id + 1 + index,
    ts: now - (12 - index) * 3_000 + 1_000,
    state: 'ASSET_GENERATION',
    progress: 0.42 + index * 0.01,
    message: `디자이너: 이미지 생성 중... (${index + 1}/12)`,
  }));
  return [{ ...start, ts: now - 38_000, started: now - 192_000, log_times: [] }, ...steps];
}

/**
 * An element that stands in the example's state, without any connection.
 * @param {Example} example
 * @param {'full' | 'compact' | 'ring'} variant
 */
export function exampleElement({ messages, connection }, variant) {
  const element = document.createElement('run-progress');
  element.transport = 'manual';
  element.variant = variant;
  const link = document.createElement('a');
  link.slot = 'done';
  link.dataset.href = 'video_url';
  link.textContent = '영상 보기';
  element.append(link);
  for (const message of messages) element.receive(message);
  if (connection) element.setConnection(connection);
  return element;
}
