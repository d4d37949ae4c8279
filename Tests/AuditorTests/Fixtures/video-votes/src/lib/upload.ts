const MAX_VIDEO_SIZE = 50 * 1024 * 1024;
export const accepts = (file: File) => file.size <= MAX_VIDEO_SIZE;
export const address = (path: string) => supabase.storage.from('videos').getPublicUrl(path).data.publicUrl;
