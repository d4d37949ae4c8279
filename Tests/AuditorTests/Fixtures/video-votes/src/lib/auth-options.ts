export const authOptions = {
  callbacks: {
    async jwt({ token }) {
      const { data: profile } = await supabase.from('users').select('id, username').eq('email', token.email).single();
      token.userId = profile?.id;
      return token;
    },
  },
};
