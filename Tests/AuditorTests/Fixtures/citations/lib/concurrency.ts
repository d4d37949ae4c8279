export const scanConcurrency = await concurrencyFor(await countBrands());
