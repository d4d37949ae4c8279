'use client';
import dynamic from 'next/dynamic';
import type { Chart } from 'recharts';
const Editor = dynamic(() => import('@monaco-editor/react'), { ssr: false });
export const CodeEditor = () => <Editor />;
