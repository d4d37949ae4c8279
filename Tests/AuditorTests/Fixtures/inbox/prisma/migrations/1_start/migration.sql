CREATE TABLE "DocumentChunk" ("id" serial PRIMARY KEY, "companyId" int NOT NULL, "body" text, "embedding" vector(1536));
CREATE FUNCTION count_unread() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE "Conversation" SET unread = unread + 1 WHERE id = NEW.conversationId;
  RETURN NEW;
END $$;
CREATE INDEX chunks ON "DocumentChunk" ("companyId") INCLUDE ("embedding");
