/**
 * Version 0.1 called a caller's reservation `claimId`: in the records of unfinished runs, and in the calls between the
 * Worker and the objects, which a deployment replaces one after the other. Both names are read and written, so that an
 * upgrade and a way back lose no run and no charge. Version 0.3 may drop this.
 */
export function withEarlierName<Value extends { readonly reservationId: string | undefined }>(value: Value): Value {
  const reservationId = value.reservationId ?? Reflect.get(value, "claimId");
  return { ...value, reservationId, claimId: reservationId };
}
