export function Clock() {
  useEffect(() => { // expect
    setInterval(() => refresh(), 1000);
  }, []);
  return null;
}
