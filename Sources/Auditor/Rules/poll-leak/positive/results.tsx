export function Results({ jobId }) {
  useEffect(() => { // expect
    const poll = async () => {
      await load(jobId);
      setTimeout(poll, 5000);
    };
    poll();
  }, [jobId]);
  return null;
}
