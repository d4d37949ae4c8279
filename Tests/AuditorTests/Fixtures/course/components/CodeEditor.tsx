'use client';
import Editor from '@monaco-editor/react';
export const CodeEditor = () => <Editor height="80vh" />;
