export const scrapingResults = pgTable('scraping_results', {
  id: uuid('id').primaryKey(),
  creators: jsonb('creators').$type<Creator[]>().notNull(), // expect
});
