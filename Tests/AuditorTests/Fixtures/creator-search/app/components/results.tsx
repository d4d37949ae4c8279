'use client';
export function Results({ jobId }: Props) {
  const [creators, setCreators] = useState<Creator[]>([]);
  useEffect(() => {
    const poll = async () => {
      const next = await load(jobId);
      setCreators((old) => [...old, ...next]);
      setTimeout(poll, 5000);
    };
    poll();
  }, [jobId]);
  return <div>{creators.map((creator) => <CreatorCard key={creator.id} creator={creator} />)}</div>;
}
