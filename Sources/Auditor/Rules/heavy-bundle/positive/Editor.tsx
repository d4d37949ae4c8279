'use client';
import Editor from '@monaco-editor/react'; // expect
export const CodeEditor = () => <Editor height="90vh" />;
