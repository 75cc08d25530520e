/** Tells a user who he is to the server. @module */
import type { Review, UserInfo } from "../request.ts"

/** A user as reviews show him. */
export const userStatus = ({ name, uid, groups, extra }: UserInfo): object => ({
  username: name,
  ...(uid === undefined || uid === "" ? {} : { uid }),
  ...(groups.length === 0 ? {} : { groups }),
  ...(extra === undefined || Object.keys(extra).length === 0 ? {} : { extra })
})

/** `kubectl auth whoami`. */
export const selfSubjectReview: Review = async (context, object) => ({
  ...object,
  ...{ status: { userInfo: userStatus(context.user) } }
})
