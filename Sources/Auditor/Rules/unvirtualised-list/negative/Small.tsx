export function Tabs({ tabs }) {
  return <div>{tabs.map((tab) => <b key={tab}>{tab}</b>)}</div>;
}
