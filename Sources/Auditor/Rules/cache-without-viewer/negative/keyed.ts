const known = await redis.get(`dashboard:${companyId}`);
const genres = await redis.get('genres');
