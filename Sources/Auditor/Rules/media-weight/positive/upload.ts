const MAX_VIDEO_SIZE = 50 * 1024 * 1024; // expect
export const accepts = (file: File) => file.size <= MAX_VIDEO_SIZE;
