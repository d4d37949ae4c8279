export function Results() {
  useEffect(() => {
    const timer = setInterval(load, 5000);
    return () => clearInterval(timer);
  }, []);
  useEffect(() => {
    setTimeout(() => setVisible(true), 300);
  }, []);
  return null;
}
