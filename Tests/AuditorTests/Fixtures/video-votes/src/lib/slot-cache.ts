let slotCache: { value: Slot; at: number } | undefined;
export function slot(): Slot | undefined {
  if (slotCache && Date.now() - slotCache.at < 30_000) return slotCache.value;
  return undefined;
}
