// The stages of a video, as the worker of the original publishes them.
export interface Stage {
  state: string;
  progress: number;
  log: string;
}

export const KOREAN_RUN = '20251105_1430_우주여행고양이';

export const STAGES: readonly Stage[] = [
  { state: 'PLOT_GENERATION', progress: 0.1, log: '플롯 생성 시작: 프롬프트 분석 중...' },
  { state: 'PLOT_GENERATION', progress: 0.12, log: '시나리오 생성 중 (GPT-4o-mini)...' },
  { state: 'PLOT_GENERATION', progress: 0.15, log: '시나리오 CSV 생성 완료' },
  { state: 'PLOT_GENERATION', progress: 0.17, log: 'JSON 레이아웃 변환 중...' },
  { state: 'PLOT_GENERATION', progress: 0.2, log: 'JSON 레이아웃 생성 완료' },
  { state: 'ASSET_GENERATION', progress: 0.25, log: '에셋 생성 시작 (디자이너, 작곡가, 성우)' },
  { state: 'ASSET_GENERATION', progress: 0.35, log: '디자이너: 이미지 생성 중...' },
  { state: 'ASSET_GENERATION', progress: 0.45, log: '작곡가: 배경음악 생성 중...' },
  { state: 'ASSET_GENERATION', progress: 0.6, log: '성우: 음성 합성 중...' },
  { state: 'RENDERING', progress: 0.75, log: '렌더링 단계 시작' },
  { state: 'RENDERING', progress: 0.8, log: '렌더링 완료: /outputs/우주여행고양이.mp4' },
  { state: 'QA', progress: 0.85, log: 'QA: 품질 검수 시작...' },
  { state: 'QA', progress: 0.9, log: 'QA: 영상 파일 확인 완료' },
  { state: 'END', progress: 1, log: '영상 생성 완료! 🎉' },
];
