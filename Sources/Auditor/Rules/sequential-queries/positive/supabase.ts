export const run = async (brandId: string) => {
  const { data: brand } = await supabase.from('brands').select('id, name').eq('id', brandId).single();
  const { data: queries } = await supabase.from('queries').select('id').eq('brand_id', brandId).limit(100);
  const { data: competitors } = await supabase.from('competitors').select('id').eq('brand_id', brandId).limit(10); // expect
};
