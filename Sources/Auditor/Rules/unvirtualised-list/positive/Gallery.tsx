export function Gallery() {
  const [creators, setCreators] = useState([]);
  const more = async () => { const next = await load(); setCreators((old) => [...old, ...next]); };
  return <div>{creators.map((creator) => <Card key={creator.id} {...creator} />)}</div>; // expect
}
