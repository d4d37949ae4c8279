'use client';
import { LineChart } from 'recharts';
export default function Page() {
  return <LineChart data={[]} />;
}
