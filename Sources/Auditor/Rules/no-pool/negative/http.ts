export const supabase = () => createClient(process.env.URL, process.env.KEY);
