export const url = `${process.env.CDN_URL}/${path}`;
