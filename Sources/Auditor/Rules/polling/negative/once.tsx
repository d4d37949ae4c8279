export function Toast() {
  useEffect(() => {
    const timer = setTimeout(() => refetch(), 300);
    const clock = setInterval(() => setNow(now()), 1000);
    return () => { clearTimeout(timer); clearInterval(clock); };
  }, []);
  return null;
}
