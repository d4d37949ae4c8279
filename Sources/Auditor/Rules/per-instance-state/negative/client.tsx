'use client';
const cache = new Map<string, string>();
export const View = () => <p>{cache.size}</p>;
