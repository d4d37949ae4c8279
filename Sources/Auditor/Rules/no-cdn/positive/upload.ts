export const url = supabase.storage.from('videos').getPublicUrl(path).data.publicUrl; // expect
