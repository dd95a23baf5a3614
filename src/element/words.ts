// Everything the element says, in Korean and English. A page replaces any of it by the `words` property.

export interface Words {
  /** For numbers and durations (BCP 47). */
  locale: string;
  waiting: string;
  running: string;
  done: string;
  doneIn: string;
  failed: string;
  expired: string;
  refused: string;
  silent: string;
  unknown: string;
  connecting: string;
  reconnecting: string;
  unauthorized: string;
  gap: string;
  retry: string;
  second: string;
  attempt: string;
  count: string;
  next: string;
  remaining: string;
  soon: string;
  elapsed: string;
  ago: string;
  justNow: string;
  log: string;
  copy: string;
  copied: string;
  newLines: string;
  label: string;
  /** By state: short (under the bar) and long (as the title). */
  stages: Readonly<Record<string, readonly [short: string, long: string]>>;
}

const ko: Words = {
  locale: 'ko',
  waiting: '대기 중',
  running: '진행 중',
  done: '완료',
  doneIn: '완료 · {time}',
  failed: '실패',
  expired: '기록이 만료되었습니다',
  refused: '서버가 거절했습니다',
  silent: '{time}째 소식 없음',
  unknown: '아직 없는 작업입니다',
  connecting: '연결하는 중…',
  reconnecting: '다시 연결하는 중…',
  unauthorized: '이 작업을 볼 권한이 없습니다',
  gap: '이전 기록은 보관되지 않았습니다',
  retry: '처음부터 다시 시작했습니다',
  second: '두 번째 시도',
  attempt: '{n}번째 시도',
  count: '{total}개 중 {n}개',
  next: '다음: {stage}',
  remaining: '약 {time} 남음',
  soon: '곧 끝나요',
  elapsed: '{time} 경과',
  ago: '{time} 전',
  justNow: '방금',
  log: '로그',
  copy: '복사',
  copied: '복사됨',
  newLines: '새 줄 {n}',
  label: '진행률',
  stages: {
    PLOT_GENERATION: ['플롯', '플롯 생성'],
    ASSET_GENERATION: ['에셋', '에셋 생성'],
    RENDERING: ['렌더링', '렌더링'],
    QA: ['QA', '품질 검수'],
    END: ['완료', '완료'],
  },
};

const en: Words = {
  locale: 'en',
  waiting: 'Waiting to start',
  running: 'Running',
  done: 'Done',
  doneIn: 'Done in {time}',
  failed: 'Failed',
  expired: 'No longer kept',
  refused: 'Refused by the server',
  silent: 'Nothing heard for {time}',
  unknown: 'No such run yet',
  connecting: 'Connecting…',
  reconnecting: 'Reconnecting…',
  unauthorized: 'Not allowed to see this run',
  gap: 'Earlier lines were not kept',
  retry: 'Started again',
  second: 'second attempt',
  attempt: 'attempt {n}',
  count: '{n} of {total}',
  next: 'next: {stage}',
  remaining: 'about {time} left',
  soon: 'almost there',
  elapsed: '{time} elapsed',
  ago: '{time} ago',
  justNow: 'just now',
  log: 'Log',
  copy: 'Copy',
  copied: 'Copied',
  newLines: '{n} new',
  label: 'Progress',
  stages: {
    PLOT_GENERATION: ['Plot', 'Writing the plot'],
    ASSET_GENERATION: ['Assets', 'Making assets'],
    RENDERING: ['Rendering', 'Rendering'],
    QA: ['QA', 'Checking quality'],
    END: ['Done', 'Done'],
  },
};

/** The words for a language (Korean, else English), with a page's own laid over them. */
export function wordsFor(language: string, own: Partial<Words> = {}): Words {
  const base = /^ko\b/i.test(language) ? ko : en;
  return { ...base, ...own, stages: { ...base.stages, ...own.stages } };
}

/** Puts values into a phrase's `{name}` places. */
export function phrase(text: string, values: Readonly<Record<string, string | number>>): string {
  return text.replace(/\{(\w+)\}/g, (place, name: string) => String(values[name] ?? place));
}
