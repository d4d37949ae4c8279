import { index, integer, jsonb, pgTable, text, timestamp, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
export const scrapingJobs = pgTable('scraping_jobs', {
  id: uuid('id').primaryKey(),
  userId: text('user_id').notNull(),
  status: text('status').notNull(),
}, (table) => ({ byUser: index('scraping_jobs_user').on(table.userId, table.status) }));
export const scrapingResults = pgTable('scraping_results', {
  id: uuid('id').primaryKey(),
  jobId: uuid('job_id').references(() => scrapingJobs.id).notNull(),
  creators: jsonb('creators').$type<Creator[]>().notNull(),
});
export const jobCreators = pgTable('job_creators', {
  id: uuid('id').primaryKey(),
  jobId: uuid('job_id').references(() => scrapingJobs.id).notNull(),
  position: integer('position').notNull(),
}, (table) => ({ byJob: uniqueIndex('job_creators_position').on(table.jobId, table.position) }));
export const creatorProfiles = pgTable('creator_profiles', {
  id: uuid('id').primaryKey(),
  platform: text('platform').notNull(),
  externalId: text('external_id').notNull(),
  handle: text('handle').notNull(),
}, (table) => ({ one: uniqueIndex('creator_profiles_external').on(table.platform, table.externalId) }));
export const creatorLists = pgTable('creator_lists', {
  id: uuid('id').primaryKey(),
  userId: text('user_id').notNull(),
  settings: jsonb('settings'),
}, (table) => ({ byUser: index('creator_lists_user').on(table.userId) }));
export const creatorListItems = pgTable('creator_list_items', {
  id: uuid('id').primaryKey(),
  listId: uuid('list_id').references(() => creatorLists.id).notNull(),
  creatorId: uuid('creator_id').references(() => creatorProfiles.id).notNull(),
  bucket: text('bucket').notNull(),
}, (table) => ({ one: uniqueIndex('creator_list_items_one').on(table.listId, table.creatorId) }));
export const webhookEvents = pgTable('webhook_events', {
  id: uuid('id').primaryKey(),
  payload: jsonb('payload'),
  createdAt: timestamp('created_at').notNull(),
});
