export const isMobile = (request: Request) => /mobile/i.test(request.headers.get('user-agent') ?? '');
