'use client';
export function ListPage({ creators, page }: Props) {
  const shown = creators.slice((page - 1) * 10, page * 10);
  return <ul>{shown.map((creator) => <li key={creator.id}>{creator.handle}</li>)}</ul>;
}
