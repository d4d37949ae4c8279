export function List() {
  useEffect(() => {
    const timer = setInterval(() => fetchConversations(), 30000); // expect
    return () => clearInterval(timer);
  }, []);
  return null;
}
