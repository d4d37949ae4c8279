import ExcelJS from 'exceljs';
export const book = new ExcelJS.Workbook();
