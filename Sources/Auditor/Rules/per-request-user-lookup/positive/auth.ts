export const authOptions = {
  callbacks: {
    async jwt({ token }) {
      const { data } = await supabase.from('users').select('id, name').eq('email', token.email).single(); // expect
      token.id = data.id;
      return token;
    },
  },
};
