'use client';
export function List() {
  useEffect(() => {
    const timer = setInterval(() => fetchConversations(), 30000);
    return () => clearInterval(timer);
  }, []);
  useEffect(() => {
    const timer = setTimeout(() => setVisible(true), 300);
    return () => clearTimeout(timer);
  }, []);
  return null;
}
