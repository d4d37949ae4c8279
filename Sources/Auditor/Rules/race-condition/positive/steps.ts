export async function advance(slot: Slot) {
  await supabase.from('story_slots').update({ status: 'locked' }).eq('id', slot.id);
  await supabase.from('tournament_clips').update({ status: 'winner' }).eq('id', slot.winner);
  await supabase.from('story_slots').update({ status: 'voting' }).eq('slot_position', slot.position + 1); // expect
}
